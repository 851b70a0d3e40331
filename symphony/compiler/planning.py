"""Writes checked tasks and players down as the plan fixes them."""

from __future__ import annotations

from collections.abc import Mapping
from operator import is_
from typing import TYPE_CHECKING, Any

from symphony.compiler.flatten import FlatTask
from symphony.compiler.policies import isolation_of
from symphony.compiler.types import TaskTypes, split_port
from symphony.model.blank import Blank
from symphony.model.expression import Expression, Node, Reference, as_reference, rewrite
from symphony.model.frozen import FrozenMap
from symphony.model.plan import Plan, PlannedTask, PlayerPin
from symphony.model.policy import Isolation
from symphony.model.signature import Signature
from symphony.model.task import Each
from symphony.model.template import map_expressions

if TYPE_CHECKING:
    from symphony.compiler.compile import CodeIdentity


def player_pin(signature: Signature, identity: CodeIdentity) -> PlayerPin:
    """Fix a player by name, version and code identity."""
    return PlayerPin(
        name=signature.name,
        kind=str(signature.kind),
        version=signature.version,
        module=signature.module,
        qualname=signature.qualname,
        identity=identity.digest,
        imports=identity.imports,
        inputs=FrozenMap({p.name: str(p.type) for p in signature.inputs}),
        outputs=FrozenMap({p.name: str(p.type) for p in signature.outputs}),
        several=signature.several,
        effect=signature.effect,
        cache=signature.cache and not signature.effect,
        fingerprint=signature.fingerprint,
        env=signature.env,
        codec=signature.codec,
        is_async=signature.is_async,
        takes_context=signature.takes_context,
    )


_BLANK = Blank(PlannedTask, id="")


def planned_task(
    flat: FlatTask, signature: Signature | None, body: Plan | None, types: Mapping[str, TaskTypes]
) -> PlannedTask:
    """Fix a task: task policies win over those of the player."""
    task = flat.task
    fields: dict[str, Any] = {"id": flat.id, "inputs": _normal_inputs(flat.inputs, types)}
    if signature is not None:
        fields["player"] = signature.name
    elif task.run is not None:
        fields["run"] = task.run
        fields["outputs"] = task.outputs
    else:
        fields["body"] = body
    if flat.each is not None:
        over = FrozenMap({n: normal_value(v, types) for n, v in flat.each.over.items()})
        fields["each"] = Each.model_construct({"over", "product"}, over=over, product=flat.each.product)
    if flat.when is not None and flat.when is not True:
        fields["when"] = normal_value(flat.when, types)
    if flat.needs:
        fields["needs"] = tuple(dict.fromkeys(flat.needs))
    _policies(fields, flat, signature)
    # Every field is a finished value; validating again would read text that holds a literal ${{ as an expression.
    return _BLANK.filled(fields)


def _normal_inputs(inputs: Mapping[str, Any], types: Mapping[str, TaskTypes]) -> FrozenMap[str, Any]:
    """The inputs in normal form; they are shared with the melody where that changes nothing."""
    normal = {name: normal_value(value, types) for name, value in inputs.items()}
    if type(inputs) is FrozenMap and all(map(is_, normal.values(), inputs.values())):
        return inputs
    return FrozenMap(normal)


def _policies(fields: dict[str, Any], flat: FlatTask, signature: Signature | None) -> None:
    task = flat.task
    for name, own, theirs in (
        ("retry", task.retry, signature and signature.retry),
        ("timeout", task.timeout, signature and signature.timeout_s),
        ("resources", task.resources, signature and signature.resources),
        ("priority", task.priority, None),
    ):
        value = own if own is not None else theirs
        if value is not None:
            fields[name] = value
    isolation = isolation_of(flat, signature)
    if isolation is not Isolation.THREAD:
        fields["isolation"] = isolation
    tokens = task.tokens or (signature.tokens if signature else None)
    if tokens:
        fields["tokens"] = tokens
    cache = task.cache if task.cache is not None else signature is None or (signature.cache and not signature.effect)
    if not cache or (signature is not None and signature.effect):
        fields["cache"] = False


def normal_value(value: Any, types: Mapping[str, TaskTypes]) -> Any:
    """A value with its references in normal form: ``tasks.x.out`` of a single output is ``tasks.x``."""
    if isinstance(value, Expression):
        return _normal(value, types) if ".out" in value.text else value
    if isinstance(value, (tuple, Mapping)):
        return map_expressions(value, lambda e: normal_value(e, types))
    return value


def _normal(value: Expression, types: Mapping[str, TaskTypes]) -> Expression:
    def change(node: Node) -> Node | None:
        reference = as_reference(node)
        if reference is None or reference.root != "tasks" or reference.name not in types:
            return None
        found = types[reference.name]
        port, path = split_port(found, reference.path)
        if port == "out" and not found.several:
            return Reference("tasks", reference.name, path, reference.optional, reference.at).node()
        return node

    return Expression(rewrite(value.node, change), value.source)
