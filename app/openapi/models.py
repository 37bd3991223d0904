"""The JSON Schemas of the bodies and responses of operations."""

import re
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.http.operation import Operation

Json = dict[str, Any]

_REF = "#/components/schemas/{model}"


class Models:
    """The schemas of all operations; `definitions` become the document's components."""

    def __init__(self, operations: list[Operation]) -> None:
        wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
        for operation in operations:
            for model in (operation.body, operation.patch):
                if model is not None:
                    wanted[model, "validation"] = None
            if is_model(operation.response):
                wanted[operation.response, "serialization"] = None
        self._refs, schema = models_json_schema(list(wanted), ref_template=_REF)
        self.definitions: Json = {}
        for name, definition in schema.get("$defs", {}).items():
            self.define(_component_name(name), _simplified(definition))
        for operation in operations:
            if operation.query is not None and "fields" in operation.query.model_fields:
                self._require_only_the_key(operation.response)

    def define(self, name: str, schema: Json) -> None:
        """Add a component; raises `ValueError` if the name belongs to a different schema."""
        if self.definitions.setdefault(name, schema) != schema:
            raise ValueError(f"two different schemas are named {name}")

    def ref(self, model: type[BaseModel], mode: JsonSchemaMode) -> Json:
        """Return a reference to the schema of a model."""
        return {"$ref": _REF.format(model=_component_name(_name(self._refs[model, mode])))}

    def patch(self, model: type[BaseModel]) -> Json:
        """Return a reference to the schema of a merge patch of a model."""
        return self._patch_of(_name(self.ref(model, "validation")))

    def example(self, schema: Json) -> Any:
        """Return a valid value for a schema, built from the examples of its fields."""
        if schema.get("type") == "array":
            return [self.example(schema["items"])]
        if "anyOf" in schema and "examples" not in schema:
            return self.example(schema["anyOf"][0])
        if "$ref" not in schema:
            return (schema.get("examples") or [None])[0]
        fields = self.definitions[_name(schema)]["properties"]
        values = {name: self.example(field) for name, field in fields.items()}
        return {name: value for name, value in values.items() if value is not None}

    def _patch_of(self, model: str) -> Json:
        """Add the schema of a merge patch: all fields are optional, null removes a value."""
        whole = self.definitions[model]
        required = whole.get("required", ())
        name = model.removesuffix("Body") + "Patch"
        changes = {
            field: self._change_of(value, removable=field not in required)
            for field, value in whole["properties"].items()
        }
        schema = {
            "type": "object",
            "description": f"{whole['description']} Send only the fields to change.",
            "properties": changes,
            "additionalProperties": False,
        }
        self.define(name, schema)
        return {"$ref": _REF.format(model=name)}

    def _change_of(self, field: Json, *, removable: bool) -> Json:
        if "$ref" in field:
            return self._patch_of(_name(field))
        # A default would mean that a patch without the field sets it.
        field = {key: value for key, value in field.items() if key != "default"}
        if removable and "anyOf" not in field:
            kept = {"description", "examples"} & field.keys()
            value = {key: field[key] for key in field if key not in kept}
            return {key: field[key] for key in sorted(kept)} | {"anyOf": [value, {"type": "null"}]}
        return field

    def _require_only_the_key(self, response: Any) -> None:
        """Mark only the key as required, because `fields` can leave out all other fields."""
        items: tuple[Any, ...] = (response,)
        if "items" in response.model_fields:
            items = get_args(response.model_fields["items"].annotation)
        for item in items:
            key = next(iter(item.model_fields))  # the first field of every model
            self.definitions[item.__name__]["required"] = [key]


def is_model(response: Any) -> bool:
    """Return whether a declared response is a pydantic model."""
    return isinstance(response, type) and issubclass(response, BaseModel)


def _component_name(name: str) -> str:
    """Return pydantic's name of a schema, but `StudentList` instead of `PageOf_Student_`."""
    return re.sub(r"^PageOf_(\w+)_$", r"\1List", name)


def _name(reference: Json) -> str:
    return str(reference["$ref"].rsplit("/", 1)[-1])


def _simplified(schema: Any) -> Any:
    """Return a schema without the titles that pydantic derives from names, and null defaults.

    Generators take a field with a default for one that responses always contain.
    """
    if isinstance(schema, dict):
        return {
            key: _simplified(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
            and not (key == "default" and value is None)
        }
    if isinstance(schema, list):
        return [_simplified(value) for value in schema]
    return schema
