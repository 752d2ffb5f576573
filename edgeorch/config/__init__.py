"""Configuration of server and agent: flag > ``EDGEORCH_*`` > TOML file > default, in one frozen model each."""
