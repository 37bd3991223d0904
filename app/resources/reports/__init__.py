"""Reports: figures that are computed when they are asked for, each bounded in what it reads."""
