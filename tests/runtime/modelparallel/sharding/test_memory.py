"""The prediction of a sharded rank's memory."""

from torch import nn

from jupyter_sdt.runtime.modelparallel.parameters import Parameters
from jupyter_sdt.runtime.modelparallel.sharding.memory import predict_sharded_memory


class Net(nn.Module):
    """Two layers of 400 and 800 bytes between 1600 bytes that belong to no layer, and a bias."""

    def __init__(self):
        super().__init__()
        sizes = ((10, 10), (10, 20))
        self.layers = nn.ModuleList(nn.Linear(*pair, bias=False) for pair in sizes)
        self.words = nn.Embedding(40, 10)
        self.bias = nn.Parameter(nn.Linear(1, 5).bias.detach())


def asked(degree, threshold):
    return Parameters.from_mapping(
        {
            "ddp": True,
            "sharded_data_parallel_degree": degree,
            "sdp_param_persistence_threshold": threshold,
        }
    )


def test_a_rank_holds_its_share_and_one_layer_as_a_whole():
    found = predict_sharded_memory(Net(), asked(4, 6), activations=7)
    share = (400 + 800 + 1600) // 4 + 20
    assert (found.parameters, found.gradients, found.optimizer) == (share, share, 2 * share)
    assert (found.activations, found.temporary) == (7, 2 * (800 + 1600))
    assert found.total == 4 * share + 7 + 4800


def test_what_stays_whole_is_not_shared_out():
    found = predict_sharded_memory(Net(), asked(2, 150), optimizer_factor=0)
    assert found.parameters == (800 + 1600) // 2 + 400 + 20
    assert (found.optimizer, found.temporary) == (0, 2 * (800 + 1600))
