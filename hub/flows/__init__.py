"""One file per story: pull, a page in, goldens out, a steward's act, rebuild … Pure rules are elsewhere; here they
are called."""
