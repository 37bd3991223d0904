"""The JSON Schemas of the models that operations take and answer."""

import re
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from app.http.operation import Operation

Json = dict[str, Any]

_REF = "#/components/schemas/{model}"


class Models:
    """Collects the schemas of all operations; `definitions` are the document's components."""

    def __init__(self, operations: list[Operation]) -> None:
        wanted: dict[tuple[type[BaseModel], JsonSchemaMode], None] = {}
        for operation in operations:
            for model in (operation.body, operation.patch):
                if model is not None:
                    wanted[model, "validation"] = None
            if is_model(operation.response):
                wanted[operation.response, "serialization"] = None
        self._refs, schema = models_json_schema(list(wanted), ref_template=_REF)
        self.definitions: Json = {
            _page_name(name): _plain(definition)
            for name, definition in schema.get("$defs", {}).items()
        }
        for operation in operations:
            if operation.query is not None and "fields" in operation.query.model_fields:
                self._require_the_key_only(operation.response)

    def ref(self, model: type[BaseModel], mode: JsonSchemaMode) -> Json:
        """Refer to the schema of a model."""
        return {"$ref": _REF.format(model=_page_name(_name(self._refs[model, mode])))}

    def patch(self, model: type[BaseModel]) -> Json:
        """Refer to the schema of a merge patch of a model."""
        return self._patch_of(_name(self.ref(model, "validation")))

    def example(self, schema: Json) -> Any:
        """Give a valid value of a schema, made of the examples of its fields."""
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
        """Let each field be left out, and null remove one that need not be there."""
        whole = self.definitions[model]
        required = whole.get("required", ())
        name = model.removesuffix("Body") + "Patch"
        self.definitions[name] = {
            "type": "object",
            "description": f"{whole['description']} Only what changes is sent.",
            "properties": {
                field: self._change_of(value, removable=field not in required)
                for field, value in whole["properties"].items()
            },
            "additionalProperties": False,
        }
        return {"$ref": _REF.format(model=name)}

    def _change_of(self, field: Json, *, removable: bool) -> Json:
        if "$ref" in field:
            return self._patch_of(_name(field))
        if removable and "anyOf" not in field:
            said = {"description", "examples"} & field.keys()
            value = {key: field[key] for key in field.keys() - said - {"default"}}
            return {key: field[key] for key in sorted(said)} | {"anyOf": [value, {"type": "null"}]}
        return field

    def _require_the_key_only(self, answer: Any) -> None:
        """Say what `fields` makes of an answer: any part of it, and the key."""
        items = get_args(answer.model_fields["items"].annotation) if _is_list(answer) else [answer]
        for item in items:
            key = next(iter(item.model_fields))  # it comes first
            self.definitions[item.__name__]["required"] = [key]


def is_model(answer: Any) -> bool:
    """Tell whether an answer is described by a model."""
    return isinstance(answer, type) and issubclass(answer, BaseModel)


def _is_list(answer: Any) -> bool:
    return "items" in answer.model_fields


def _page_name(name: str) -> str:
    """Call the page of a list `StudentList` and not `PageOf_Student_`."""
    return re.sub(r"^PageOf_(\w+)_$", r"\1List", name)


def _name(reference: Json) -> str:
    return str(reference["$ref"].rsplit("/", 1)[-1])


def _plain(schema: Any) -> Any:
    """Take off the titles that pydantic makes of names."""
    if isinstance(schema, dict):
        return {
            key: _plain(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str))
        }
    if isinstance(schema, list):
        return [_plain(value) for value in schema]
    return schema
