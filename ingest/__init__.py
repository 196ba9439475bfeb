"""One module a source: archive files in, Arrow batches of one raw table out."""
