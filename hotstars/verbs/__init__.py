"""One module a verb of the `hotstars` command: options, errors, what is printed."""
