"""Generate a resource without a database: python -m dev.new_resource NAME 'COLUMNS'."""

from dev.new_resource.command import new_resource

if __name__ == "__main__":
    new_resource(prog_name="python -m dev.new_resource")
