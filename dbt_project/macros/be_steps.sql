{#- The criteria of Wang+2022 in their order: what the funnel counts and the ledger explains. -#}
{% macro be_steps() %}
    {%- set threshold = {
        'snr': '> ' ~ var('snr_min') ~ ' in both arms',
        'teff': 'not in ' ~ var('teff_late_min') ~ '-' ~ var('teff_late_max') ~ ' K, or missing',
        'line': 'EW(Halpha) < ' ~ var('ew_halpha_max') ~ ' and EW(Mg b) < ' ~ var('ew_mgb_max') ~ ' A',
        'q': '< ' ~ var('q_max') ~ ', or missing',
        'emission': 'probability from ' ~ var('be_probability_min') ~ '; unseen by a network: peak from '
        ~ var('peak_significance_min') ~ ' sigma within ' ~ var('peak_offset_max') ~ ' A, '
        ~ var('peak_width_min') ~ ' A wide, or net emission; a verdict goes before both',
        'type': 'later than O8, earlier than A2, not of class I or II',
        'ir': '(H-K)_0 < ' ~ var('be_hk_max') ~ ' and (K-W1)_0 < ' ~ var('be_kw1_max'),
    } -%}
    {#- Of several quantities the ledger shows the first that fails; one that is missing fails. -#}
    {%- set halpha_decides = 'not coalesce(ew_halpha < ' ~ var('ew_halpha_max') ~ ', false)'
        ~ ' and coalesce(ew_mgb < ' ~ var('ew_mgb_max') ~ ', false)' -%}
    {%- set kw1_decides = 'not coalesce(kw1_0 < ' ~ var('be_kw1_max') ~ ', false)'
        ~ ' and coalesce(hk_0 < ' ~ var('be_hk_max') ~ ', false)' -%}
    {%- set peak = {
        'shown': "emission_method = 'peak and equivalent width' and not has_emission"
        ~ ' and peak_significance >= ' ~ var('peak_significance_min'),
        'is_off': 'abs(peak_offset) > ' ~ var('peak_offset_max'),
    } -%}
    {{ return([
        {'step': 0, 'criterion': 'spectra', 'section': 'Wang+2022, 2', 'column': none},
        {'step': 1, 'criterion': 'signal_to_noise', 'section': 'Wang+2022, 2',
         'column': 'passes_snr', 'value': 'snr_min', 'quantity': 'lower S/N of both arms',
         'threshold': threshold.snr, 'published_n_spectra': 2260387, 'published_n_stars': 789918},
        {'step': 2, 'criterion': 'effective_temperature', 'section': 'Wang+2022, 3',
         'column': 'passes_teff', 'value': 'lasp_teff', 'quantity': 'LASP Teff (K)',
         'threshold': threshold.teff, 'published_n_spectra': 286501},
        {'step': 3, 'criterion': 'line_indices', 'section': 'Wang+2022, 3',
         'column': 'passes_line_index', 'value': 'case when ' ~ halpha_decides ~ ' then ew_halpha else ew_mgb end',
         'quantity_sql': 'case when ' ~ halpha_decides
         ~ " then 'EW(Halpha) (A)' else 'EW(Mg b) (A)' end",
         'threshold': threshold.line, 'published_n_spectra': 261647},
        {'step': 4, 'criterion': 'infrared_q', 'section': 'Wang+2022, 3',
         'column': 'passes_q', 'value': 'q', 'quantity': 'Q (mag)',
         'threshold': threshold.q, 'published_n_spectra': 257860},
        {'step': 5, 'criterion': 'halpha_emission', 'section': 'Wang+2022, 4',
         'column': 'passes_emission',
         'value': 'case when ' ~ peak.shown ~ ' and ' ~ peak.is_off ~ ' then peak_offset when '
         ~ peak.shown ~ " then peak_width when emission_method = 'network' then be_probability"
         ~ " when emission_method = 'peak and equivalent width' then peak_significance end",
         'quantity_sql': 'case when ' ~ peak.shown ~ ' and ' ~ peak.is_off
         ~ " then 'offset of the H-alpha peak (A)' when " ~ peak.shown
         ~ " then 'width of the H-alpha peak (A)'"
         ~ " when emission_method = 'network' then 'probability by ' || be_model"
         ~ " when emission_method = 'review' then 'verdict of ' || reviewer || ': ' || verdict"
         ~ " else 'significance of the H-alpha peak' end",
         'threshold': threshold.emission,
         'published_n_stars': 1134},
        {'step': 6, 'criterion': 'contaminants', 'section': 'Wang+2022, 5.1',
         'column': 'passes_contaminants', 'value': 'null', 'quantity': 'Herbig Ae/Be or H II lists',
         'threshold': 'in none'},
        {'step': 7, 'criterion': 'literature', 'section': 'Wang+2022, 5.1',
         'column': 'passes_literature', 'value': 'null', 'quantity': 'lists of known Be stars',
         'threshold': 'in none', 'published_n_stars': 671},
        {'step': 8, 'criterion': 'spectral_type', 'section': 'Wang+2022, 5.2',
         'column': 'passes_spectral_type', 'value': 'numeric_type',
         'quantity_sql': "coalesce('MK type ' || spectral_type, 'MK type') || ' (B0 = 10, A0 = 20)'",
         'threshold': threshold.type,
         'published_n_stars': 222},
        {'step': 9, 'criterion': 'infrared_colours', 'section': 'Wang+2022, 5.3',
         'column': 'passes_ir', 'value': 'case when ' ~ kw1_decides ~ ' then kw1_0 else hk_0 end',
         'quantity_sql': 'case when ' ~ kw1_decides
         ~ " then '(K-W1)_0 (mag)' else '(H-K)_0 (mag)' end",
         'threshold': threshold.ir, 'published_n_stars': 183},
    ]) }}
{% endmacro %}
