TRAINER = """
import io, numpy, torch
state = {"numpy": numpy.random.get_state(), "cpu": torch.get_rng_state()}
stream = io.BytesIO()
torch.save(state, stream)

def load():
    stream.seek(0)
    return torch.load(stream, weights_only=True)

try:
    load()
except Exception as error:
    assert "numpy" in str(error), error
else:
    raise AssertionError("this torch needs no help")
import transformers.trainer
assert (load()["numpy"][1] == state["numpy"][1]).all()
class Other:
    pass
torch.save(Other(), stream := io.BytesIO())
try:
    load()
except Exception as error:
    assert "Other" in str(error), error
else:
    raise AssertionError("any class is loaded")
"""


def test_random_states_of_numpy_are_loaded_once_the_trainer_is_imported(job):
    (job.path / "source" / "transformers").mkdir()
    job.write("transformers/__init__.py", "")
    job.write("transformers/trainer.py", "")
    assert job.run(TRAINER).codes == [0], job.log()
