// SPDX-License-Identifier: MIT
#include "libtorch.h"

#include <torch/torch.h>

namespace
{

struct Line {
    torch::nn::Linear linear{1, 1};
    torch::optim::SGD optimizer{linear->parameters(), torch::optim::SGDOptions(0.01)};
};

void step(Line &line, bool shared)
{
    torch::Tensor x = torch::rand({1});
    torch::Tensor y = x * 1.233 + 0.988;
    torch::Tensor prediction = line.linear(x);
    if (shared)
        prediction = line.linear(prediction);
    torch::Tensor loss = torch::mse_loss(prediction, y);
    line.optimizer.zero_grad();
    loss.backward();
    line.optimizer.step();
}

struct Network {
    torch::nn::Sequential net{torch::nn::Linear(1, 16), torch::nn::Tanh(),
                              torch::nn::Linear(16, 16), torch::nn::Tanh(),
                              torch::nn::Linear(16, 1)};
    torch::optim::SGD optimizer{net->parameters(), torch::optim::SGDOptions(0.01)};
    torch::Tensor x = torch::linspace(-1, 1, 32).reshape({32, 1});
    torch::Tensor y = x * x;
};

} // namespace

float libtorch_line(int shared, size_t steps)
{
    torch::set_num_threads(1);
    static Line lines[2];
    Line &line = lines[shared != 0];
    for (size_t i = 0; i < steps; i++)
        step(line, shared != 0);
    return line.linear->weight.item<float>();
}

float libtorch_network(size_t steps)
{
    torch::set_num_threads(1);
    static Network network;
    torch::Tensor loss;
    for (size_t i = 0; i < steps; i++) {
        loss = torch::mse_loss(network.net->forward(network.x), network.y);
        network.optimizer.zero_grad();
        loss.backward();
        network.optimizer.step();
    }
    return loss.item<float>();
}
