/* SPDX-License-Identifier: MIT */
/* The initialiser of a table: every kernel, for both types. */
#define TABLE_OF_TYPE(type)                                                                        \
    {                                                                                              \
        .affine = affine_##type, .affine_grad_input = affine_grad_input_##type,                    \
        .affine_grad_part = affine_grad_part_##type, .loss_part = loss_part_##type,                \
        .loss_grad = loss_grad_##type, .affine_loss_part = affine_loss_part_##type,                \
        .parts_push = parts_push_##type, .parts_finish = parts_finish_##type, .axpy = axpy_##type, \
        .sum_part = sum_part_##type, .dot_part = dot_part_##type,                                  \
        .column_moments_part = column_moments_part_##type, .gram_part = gram_part_##type,          \
        .activation = activation_##type, .activation_grad = activation_grad_##type,                \
        .sgd = sgd_##type, .adam = adam_##type, .uniform = uniform_##type,                         \
        .normal = normal_##type, .uniform_lanes = uniform_lanes_##type,                            \
        .online_linear = online_linear_##type, .online_shared = online_shared_##type,              \
        .online_rows = online_rows_##type, .online_linear_lanes = online_linear_lanes_##type,      \
        .online_shared_lanes = online_shared_lanes_##type                                          \
    }

#define FLEETS_OF_TYPE(type)                                                                       \
    .load_##type = fleet_load_##type, .first_##type = fleet_first_##type,                          \
    .shared_##type = fleet_shared_##type, .shared_missing_##type = fleet_shared_missing_##type,    \
    .lines_##type = fleet_lines_##type

static const struct lf_fleet_kernels fleets = {FLEETS_OF_TYPE(f32),          FLEETS_OF_TYPE(f64),
                                               .mask = fleet_mask,           .sums = fleet_sums,
                                               .center = fleet_center,       .gram = fleet_gram,
                                               .residuals = fleet_residuals, .factor = fleet_factor,
                                               .solve = fleet_solve,         .form = fleet_form};

#define TABLE(isa)                                                                                 \
    {                                                                                              \
        .name = isa, .words = words, .f32 = TABLE_OF_TYPE(f32), .f64 = TABLE_OF_TYPE(f64),         \
        .fleets = &fleets                                                                          \
    }
