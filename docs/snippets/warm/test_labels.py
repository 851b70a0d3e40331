from labels import Model, label


def test_with_the_real_model():
    assert label("the invoice of May") == "money"              # set up and torn down around this one call


def test_with_a_model_of_the_test():
    small = Model({"cat": "animal"})

    assert label.with_state(small)("a cat") == "animal"
