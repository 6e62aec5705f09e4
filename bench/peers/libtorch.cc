// SPDX-License-Identifier: MIT
#include "libtorch.h"

#include <algorithm>
#include <cstring>
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

void libtorch_epoch(size_t rows, size_t in, const float *x, const float *y, size_t batch, double lr,
                    float *parameters)
{
    torch::set_num_threads(1);
    const auto n = static_cast<int64_t>(rows), width = static_cast<int64_t>(in);
    torch::Tensor all_x = torch::from_blob(const_cast<float *>(x), {n, width});
    torch::Tensor all_y = torch::from_blob(const_cast<float *>(y), {n, 1});
    torch::nn::Linear linear(width, 1);
    {
        torch::NoGradGuard guard;
        linear->weight.copy_(torch::from_blob(parameters, {1, width}));
        linear->bias.copy_(torch::from_blob(parameters + in, {1}));
    }
    torch::optim::SGD optimizer(linear->parameters(), torch::optim::SGDOptions(lr));
    for (int64_t first = 0; first < n; first += static_cast<int64_t>(batch)) {
        const int64_t last = std::min(n, first + static_cast<int64_t>(batch));
        torch::Tensor loss =
            torch::mse_loss(linear(all_x.slice(0, first, last)), all_y.slice(0, first, last));
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
    }
    std::memcpy(parameters, linear->weight.data_ptr<float>(), in * sizeof(float));
    parameters[in] = linear->bias.item<float>();
}
