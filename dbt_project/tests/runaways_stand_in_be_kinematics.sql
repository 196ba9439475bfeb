-- Every runaway has its row in be_kinematics, with the same velocity and above the limit.
select runaways.*
from {{ ref('be_runaways') }} as runaways
left join {{ ref('be_kinematics') }} as kinematics using (designation, survey)
where kinematics.v_tp is distinct from runaways.v_tp or not runaways.v_tp > kinematics.v_tp_limit
