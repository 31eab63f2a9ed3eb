"""PyTorch, eager, as most of its users run it on a CPU."""

from common import ADAM, THREADS, Prepared, absent, batch_of, inputs_of, moments, np, parameters_of, serve, training

try:
    import torch
    import torch.nn.functional as F
except ImportError as error:
    absent(error)

torch.set_num_threads(THREADS)


def to_numpy(x):
    return x.detach().numpy()


def kernel(f, inputs):
    """Without derivatives; results are there when a call returns."""

    def run():
        with torch.no_grad():
            return f(*inputs)

    return Prepared(run, lambda: moments(to_numpy(run())))


def of(f):
    """A task whose function is made of its numbers."""
    return lambda task: kernel(f(task), [torch.from_numpy(x) for x in inputs_of(task)])


# Images and kernels as PyTorch has them: the channels before height and width.
IMAGES, KERNELS = (0, 3, 1, 2), (3, 2, 0, 1)


def moved(x, axes):
    return torch.from_numpy(np.ascontiguousarray(np.transpose(x, axes)))


def conv(task):
    which, n, size, c, f = (task[name] for name in ("which", "batch", "size", "channels", "features"))
    a, b = inputs_of(task)
    if which == "forward":
        return kernel(F.conv2d, [moved(a, IMAGES), moved(b, KERNELS)])
    if which == "input":
        return kernel(lambda k, g: torch.nn.grad.conv2d_input((n, c, size, size), k, g), [moved(a, KERNELS), moved(b, IMAGES)])
    return kernel(lambda x, g: torch.nn.grad.conv2d_weight(x, (f, c, 3, 3), g), [moved(a, IMAGES), moved(b, IMAGES)])


def reduce(task):
    if task["op"] == "max":
        return lambda x: torch.amax(x, task["axis"])
    return lambda x: torch.sum(x) if task["axis"] is None else torch.sum(x, task["axis"])


CHAINS = {
    "add": torch.add,
    "polynomial": lambda x: torch.relu_((2 * x).add_(1).mul_(x).sub_(0.5)),
    "gelu": lambda x: F.gelu(x, approximate="tanh"),
}


def random(task):
    if task["what"] == "bits":
        return kernel(lambda: torch.empty(task["length"], dtype=torch.int32).random_(), [])
    return kernel(lambda: torch.randn(task["length"]), [])


def copy(task):
    x = torch.from_numpy(inputs_of(task)[0])
    return kernel(torch.empty_like(x).copy_, [x])


# ---------------------------------------------------------------------------------------------------------- models


class Cnn(torch.nn.Module):
    def __init__(self, p):
        super().__init__()
        after_pooling = p["w3"].reshape(5, 5, 64, 64).transpose(2, 0, 1, 3).reshape(1600, 64)
        self.conv1, self.conv2 = torch.nn.Conv2d(1, 32, 3), torch.nn.Conv2d(32, 64, 3)
        self.dense1, self.dense2 = torch.nn.Linear(1600, 64), torch.nn.Linear(64, 10)
        set_parameters(self.conv1, np.transpose(p["w1"], KERNELS), p["b1"])
        set_parameters(self.conv2, np.transpose(p["w2"], KERNELS), p["b2"])
        set_parameters(self.dense1, after_pooling.T, p["b3"])
        set_parameters(self.dense2, p["w4"].T, p["b4"])

    def forward(self, x, labels):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2).flatten(1)
        return F.cross_entropy(self.dense2(F.relu(self.dense1(x))), labels)


class Autoencoder(torch.nn.Module):
    def __init__(self, p):
        super().__init__()
        self.encoder, self.decoder = torch.nn.Linear(784, 64), torch.nn.Linear(64, 784)
        set_parameters(self.encoder, p["w1"].T, p["b1"])
        set_parameters(self.decoder, p["w2"].T, p["b2"])

    def forward(self, x):
        return F.mse_loss(torch.sigmoid(self.decoder(F.relu(self.encoder(x)))), x)


class Rnn(torch.nn.Module):
    def __init__(self, p):
        super().__init__()
        self.rnn, self.dense = torch.nn.RNN(28, 128, batch_first=True), torch.nn.Linear(128, 10)
        with torch.no_grad():
            self.rnn.weight_ih_l0.copy_(torch.from_numpy(p["wx"].T.copy()))
            self.rnn.weight_hh_l0.copy_(torch.from_numpy(p["wh"].T.copy()))
            self.rnn.bias_ih_l0.copy_(torch.from_numpy(p["b"]))
            # PyTorch adds two biases; the models have one.
            self.rnn.bias_hh_l0.zero_().requires_grad_(False)
        set_parameters(self.dense, p["wo"].T, p["bo"])

    def forward(self, x, labels):
        _, last = self.rnn(x)
        return F.cross_entropy(self.dense(last[0]), labels)


def set_parameters(layer, weight, bias):
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        layer.bias.copy_(torch.from_numpy(bias))


MODELS = {"cnn": Cnn, "autoencoder": Autoencoder, "rnn": Rnn}


def model(task):
    name = task["model"]
    images, *labels = batch_of(name, task["batch"])
    inputs = [moved(images, IMAGES) if name == "cnn" else torch.from_numpy(images)]
    inputs += [torch.from_numpy(x).long() for x in labels]

    def begin():
        net = MODELS[name](parameters_of(name))
        trained = [p for p in net.parameters() if p.requires_grad]
        betas = (ADAM["b1"], ADAM["b2"])
        return net, torch.optim.Adam(trained, ADAM["learning_rate"], betas, ADAM["eps"], fused=True)

    def advance(state):
        net, optimizer = state
        optimizer.zero_grad(set_to_none=True)
        loss = net(*inputs)
        loss.backward()
        optimizer.step()
        return state, loss.item()

    return training(begin, advance)


TASKS = {
    "matmul": of(lambda task: torch.matmul),
    "conv": conv,
    "softmax": of(lambda task: lambda x: torch.softmax(x, task["axis"])),
    "reduce": of(reduce),
    "elementwise": of(lambda task: CHAINS[task["chain"]]),
    "transpose": of(lambda task: lambda x: x.permute(task["axes"]).contiguous()),
    "sort": of(lambda task: lambda x: torch.sort(x)[0]),
    "gather": of(lambda task: lambda x, i: torch.index_select(x, 0, i)),
    "scatter": of(lambda task: lambda x, i, y: torch.index_add(x, 0, i, y)),
    "random": random,
    "dispatch": "runs eagerly",
    "cache-hit": "runs eagerly",
    "trace": "traces nothing",
    "model": model,
    "copy": copy,
}

serve("torch", torch.__version__, TASKS)
