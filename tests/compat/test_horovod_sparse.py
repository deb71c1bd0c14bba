"""Sparse tensors and gradients, as of embeddings."""


def test_sparse_gradients_travel_row_by_row_and_densely_when_asked_to(horovod):
    horovod("""
    from torch import nn
    def step(optimizer=torch.optim.SGD, **options):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Embedding(4, 2, sparse=True), nn.Linear(2, 1, bias=False))
        wrapped = hvd.DistributedOptimizer(optimizer(net[0].parameters(), lr=1.0), **options)
        wrapped.add_param_group({"params": list(net[1].parameters())})
        nn.init.zeros_(net[0].weight), nn.init.ones_(net[1].weight)
        net(torch.tensor([rank, rank, 3])).sum().backward()
        wrapped.step()
        kept = net[0].weight.grad
        assert kept.is_sparse != ("sparse_as_dense" in options)
        return net[0].weight.neg().tolist()
    assert step() == step(sparse_as_dense=True) == [[1, 1], [1, 1], [0, 0], [1, 1]]
    assert step(op=hvd.Sum) == [[2, 2], [2, 2], [0, 0], [2, 2]]
    given = torch.sparse_coo_tensor([[rank]], [2.0], (3,))
    assert hvd.sparse_allreduce_async(given, "t", hvd.Average)().to_dense().tolist() == [1, 1, 0]
    refused(lambda: hvd.sparse_allreduce_async(torch.ones(1)), ValueError, "torch.strided")
    refused(lambda: hvd.sparse_allreduce_async(given, op=hvd.Max), ValueError, "MAX")
    """)
