from counting import words

from symphony import compile, run

plan = compile(words)
result = run(plan, params={"lines": ["to be"]}, store="memory")
print(result.state, result.outputs["out"], result.tasks["total"].state)
