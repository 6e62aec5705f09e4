/* SPDX-License-Identifier: MIT */
/* Every case of the registry on the table under test: equal to scalar bit for bit, within the
 * derived bound of the oracle, and nothing else touched. */
#include "cases.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GUARD = 64, OUTPUT = LF_OPERANDS - 1 };

static const double specials[] = {0.0,      -0.0,      INFINITY, -INFINITY,  NAN,
                                  0x1p-149, -0x1p-130, 0x1p127,  -0x1.8p127, 1.0};

/* Operands with guard bytes around them, each `offset` elements off a 64-byte boundary. */
struct buffers {
    struct lf_operand operand[LF_OPERANDS];
    unsigned char *memory[LF_OPERANDS];
    size_t bytes[LF_OPERANDS];
    void *data[LF_OPERANDS];
};

static void set_element(enum lf_dtype dtype, void *values, size_t i, double x)
{
    if (dtype == LF_F32)
        ((float *)values)[i] = (float)x;
    else
        ((double *)values)[i] = x;
}

static void make_buffers(const struct lf_case *c, const struct lf_shape *shape, size_t offset,
                         struct buffers *b)
{
    *b = (struct buffers){.operand = {{LF_UNUSED, 0}}};
    c->operands(shape, b->operand);
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        size_t size = element_size(c->dtype);
        b->bytes[i] = (2 * GUARD + (b->operand[i].count + offset) * size + 63) / 64 * 64;
        b->memory[i] = aligned_alloc(64, b->bytes[i]);
        ck_assert_ptr_nonnull(b->memory[i]);
        memset(b->memory[i], 0xff, b->bytes[i]); /* NaN: written outputs must not be read */
        b->data[i] = b->memory[i] + GUARD + offset * size;
    }
}

static void free_buffers(struct buffers *b)
{
    for (size_t i = 0; i < LF_OPERANDS; i++)
        free(b->memory[i]);
}

static void fill(const struct lf_case *c, struct buffers *b, struct test_rng *rng, int special)
{
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        if (b->operand[i].role != LF_READ && b->operand[i].role != LF_UPDATED)
            continue;
        for (size_t j = 0; j < b->operand[i].count; j++)
            set_element(c->dtype, b->data[i], j, test_uniform(rng, -2, 2));
        for (size_t j = 0; special && j < 1 + b->operand[i].count / 7 && b->operand[i].count; j++)
            set_element(c->dtype, b->data[i], test_below(rng, b->operand[i].count),
                        specials[test_below(rng, sizeof specials / sizeof specials[0])]);
    }
}

static void copy_buffers(const struct buffers *from, struct buffers *to)
{
    for (size_t i = 0; i < LF_OPERANDS; i++)
        memcpy(to->memory[i], from->memory[i], from->bytes[i]);
}

/* Everything but the output's elements is as it was. */
static void check_untouched(const struct lf_case *c, const struct buffers *before,
                            const struct buffers *after, const char *where)
{
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        size_t from = (size_t)((unsigned char *)after->data[i] - after->memory[i]);
        size_t until = from;
        if (i == OUTPUT)
            until += after->operand[i].count * element_size(c->dtype);
        ck_assert_msg(memcmp(before->memory[i], after->memory[i], from) == 0,
                      "%s: operand %zu: bytes before it changed", where, i);
        ck_assert_msg(memcmp(before->memory[i] + until, after->memory[i] + until,
                             after->bytes[i] - until) == 0,
                      "%s: operand %zu: bytes behind it changed", where, i);
    }
}

static void check_bound(const struct lf_case *c, const struct lf_shape *shape,
                        const struct buffers *before, const struct buffers *after,
                        const char *where)
{
    size_t n = after->operand[OUTPUT].count;
    long double *exact = malloc((2 * n + 1) * sizeof *exact);
    c->oracle(shape, before->data, exact, exact + n);
    for (size_t i = 0; i < n; i++) {
        double got = element(c->dtype, after->data[OUTPUT], i);
        /* The oracle's own rounding: far less than a unit of the type. */
        long double bound = exact[n + i] * 1.001L + 1e-17L * fabsl(exact[i]);
        ck_assert_msg(fabsl((long double)got - exact[i]) <= bound,
                      "%s: element %zu is %.17g, should be %.20Lg, bound %.3Lg", where, i, got,
                      exact[i], bound);
    }
    free(exact);
}

static void check_case(const struct lf_case *c, const struct lf_shape *shape, size_t offset,
                       struct test_rng *rng, int special)
{
    char where[160];
    struct buffers before, reference, got;
    size_t first = 0;
    snprintf(where, sizeof where, "%s %s %zu x %zu -> %zu%s%s, pad %zu, offset %zu%s", c->name,
             dtype_name(c->dtype), shape->rows, shape->in, shape->out,
             shape->column_major ? " column-major" : "", shape->no_bias ? " without bias" : "",
             shape->pad, offset, special ? ", specials" : "");
    make_buffers(c, shape, offset, &before);
    make_buffers(c, shape, offset, &reference);
    make_buffers(c, shape, offset, &got);
    fill(c, &before, rng, special);
    copy_buffers(&before, &reference);
    copy_buffers(&before, &got);
    c->run(scalar_table(), shape, reference.data);
    c->run(tested, shape, got.data);
    ck_assert_msg(same_bits(c->dtype, got.operand[OUTPUT].count, got.data[OUTPUT],
                            reference.data[OUTPUT], &first),
                  "%s: element %zu is %a, scalar has %a", where, first,
                  element(c->dtype, got.data[OUTPUT], first),
                  element(c->dtype, reference.data[OUTPUT], first));
    check_untouched(c, &before, &got, where);
    if (!special)
        check_bound(c, shape, &before, &got, where);
    free_buffers(&before);
    free_buffers(&reference);
    free_buffers(&got);
}

static void check_shapes(const struct lf_case *c, const struct lf_shape *shapes, size_t n)
{
    struct test_rng rng = test_rng((uint64_t)(c - lf_cases));
    for (size_t i = 0; i < n; i++)
        for (int column_major = 0; column_major <= !c->flat; column_major++)
            for (int special = 0; special < 2; special++) {
                struct lf_shape shape = shapes[i];
                shape.column_major = column_major;
                shape.no_bias = test_below(&rng, 4) == 0;
                shape.pad = test_below(&rng, 3) == 0 ? test_below(&rng, 9) : 0;
                check_case(c, &shape, test_below(&rng, 16), &rng, special);
            }
}

START_TEST(every_small_size)
{
    const struct lf_case *c = &lf_cases[_i];
    for (size_t rows = 0; rows <= 67; rows++) {
        const struct lf_shape shapes[] = {{.rows = rows, .in = 1, .out = 1},
                                          {.rows = rows, .in = 2, .out = 1},
                                          {.rows = rows, .in = 3, .out = 2}};
        check_shapes(c, shapes, c->flat ? 1 : 3);
    }
    for (size_t in = 0; in <= 35 && !c->flat; in++) {
        const struct lf_shape shapes[] = {
            {.rows = 5, .in = in, .out = 1},  {.rows = 19, .in = in, .out = 1},
            {.rows = 7, .in = in, .out = 4},  {.rows = 33, .in = in, .out = 2},
            {.rows = 3, .in = in, .out = 17}, {.rows = 9, .in = 3, .out = in},
            {.rows = 2, .in = 19, .out = in}, {.rows = 1, .in = in, .out = in}};
        check_shapes(c, shapes, sizeof shapes / sizeof shapes[0]);
    }
}
END_TEST

START_TEST(powers_of_two_and_neighbours)
{
    const struct lf_case *c = &lf_cases[_i];
    for (size_t power = 64; power <= LF_BLOCK_ROWS; power *= 2)
        for (size_t rows = power - 1; rows <= power + 1 && rows <= LF_BLOCK_ROWS; rows++) {
            const struct lf_shape shapes[] = {{.rows = rows, .in = 1, .out = 1},
                                              {.rows = rows, .in = 4, .out = 1},
                                              {.rows = rows, .in = 2, .out = 3}};
            check_shapes(c, shapes, c->flat ? 1 : 3);
        }
    const struct lf_shape wide[] = {
        {.rows = 32, .in = 32, .out = 32}, {.rows = 64, .in = 16, .out = 16},
        {.rows = 21, .in = 64, .out = 5},  {.rows = 17, .in = 13, .out = 7},
        {.rows = 1, .in = 64, .out = 64},  {.rows = 40, .in = 100, .out = 1}};
    check_shapes(c, wide, c->flat ? 0 : sizeof wide / sizeof wide[0]);
}
END_TEST

START_TEST(every_offset)
{
    const struct lf_case *c = &lf_cases[_i];
    struct test_rng rng = test_rng(1000 + (uint64_t)_i);
    for (size_t offset = 0; offset < 16; offset++) {
        const struct lf_shape shape = {.rows = 37, .in = 5, .out = c->flat ? 1 : 3};
        check_case(c, &shape, offset, &rng, 0);
    }
}
END_TEST

/* Memory for `bytes` bytes between two pages that fault, flush to the one behind it or before it.
 */
struct guarded {
    unsigned char *pages;
    size_t length;
    void *data;
};

static struct guarded guarded_alloc(size_t bytes, int flush_to_end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), inner = (bytes + page - 1) / page * page;
    struct guarded g = {.length = inner + 2 * page};
    g.pages = mmap(NULL, g.length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(g.pages != MAP_FAILED);
    ck_assert(inner == 0 || mprotect(g.pages + page, inner, PROT_READ | PROT_WRITE) == 0);
    g.data = g.pages + page + (flush_to_end ? inner - bytes : 0);
    return g;
}

/* The same bits as in ordinary memory, without a fault. */
static void check_guarded(const struct lf_case *c, const struct lf_shape *shape,
                          struct test_rng *rng, int flush_to_end)
{
    struct buffers b;
    struct guarded g[LF_OPERANDS];
    void *data[LF_OPERANDS];
    size_t first;
    make_buffers(c, shape, 0, &b);
    fill(c, &b, rng, 0);
    for (size_t i = 0; i < LF_OPERANDS; i++) {
        size_t bytes = b.operand[i].count * element_size(c->dtype);
        g[i] = guarded_alloc(bytes, flush_to_end);
        data[i] = g[i].data;
        if (bytes > 0)
            memcpy(data[i], b.data[i], bytes);
    }
    c->run(tested, shape, b.data);
    c->run(tested, shape, data);
    ck_assert(same_bits(c->dtype, b.operand[OUTPUT].count, data[OUTPUT], b.data[OUTPUT], &first));
    for (size_t i = 0; i < LF_OPERANDS; i++)
        munmap(g[i].pages, g[i].length);
    free_buffers(&b);
}

START_TEST(between_pages_that_fault)
{
    const struct lf_case *c = &lf_cases[_i];
    struct test_rng rng = test_rng(5000 + (uint64_t)_i);
    for (size_t n = 0; n <= 67; n++)
        for (int flush_to_end = 0; flush_to_end < 2; flush_to_end++) {
            const struct lf_shape shapes[] = {{.rows = n, .in = 1, .out = 1},
                                              {.rows = n, .in = 3, .out = 2},
                                              {.rows = n, .in = 5, .out = 1, .column_major = 1},
                                              {.rows = 3, .in = n, .out = 1},
                                              {.rows = 2, .in = n, .out = 4},
                                              {.rows = 3, .in = 2, .out = n}};
            for (size_t i = 0; i < (c->flat ? 1 : sizeof shapes / sizeof shapes[0]); i++)
                check_guarded(c, &shapes[i], &rng, flush_to_end);
        }
}
END_TEST

/* The contract itself: lanes, blocks and tree. Other choices of these would be as exact, and equal
 * on all tables, but every stored result would change. */
START_TEST(contract_does_not_move)
{
    static const struct {
        const char *name;
        enum lf_dtype dtype;
        struct lf_shape shape;
        uint64_t hash;
    } golden[] = {
        {"affine", LF_F32, {.rows = 100, .in = 3, .out = 2}, 0x2804c69cf5eb8775u},
        {"affine", LF_F32, {.rows = 100, .in = 20, .out = 30}, 0xae2c060eb7d866afu},
        {"affine", LF_F64, {.rows = 100, .in = 3, .out = 2}, 0x1ca7be760a65a842u},
        {"affine", LF_F64, {.rows = 100, .in = 20, .out = 30}, 0x202c21e731c1791du},
        {"affine_grad_input", LF_F32, {.rows = 100, .in = 3, .out = 2}, 0xf6f3432be5ad040cu},
        {"affine_grad_input", LF_F32, {.rows = 100, .in = 20, .out = 30}, 0x5f95b544dac607b5u},
        {"affine_grad_input", LF_F64, {.rows = 100, .in = 3, .out = 2}, 0xa49d02b0ce4424c1u},
        {"affine_grad_input", LF_F64, {.rows = 100, .in = 20, .out = 30}, 0x01dd0f9102a61e2cu},
        {"affine_grad_part", LF_F32, {.rows = 100, .in = 1, .out = 1}, 0x560ffb418bddfe6cu},
        {"affine_grad_part", LF_F32, {.rows = 100, .in = 16, .out = 1}, 0xf83490c8ee7dd2f1u},
        {"affine_grad_part", LF_F32, {.rows = 100, .in = 17, .out = 1}, 0x3f396ec112f1b55du},
        {"affine_grad_part", LF_F32, {.rows = 100, .in = 3, .out = 2}, 0xa38425cf306fbb1du},
        {"affine_grad_part", LF_F32, {.rows = 100, .in = 4, .out = 4}, 0xe004192fc2137b5eu},
        {"affine_grad_part", LF_F32, {.rows = 100, .in = 8, .out = 5}, 0xf7507698da43c04du},
        {"affine_grad_part", LF_F32, {.rows = 100, .in = 20, .out = 30}, 0x53906851a6d48e2bu},
        {"affine_grad_part", LF_F64, {.rows = 100, .in = 1, .out = 1}, 0x919b7c7f03a12a99u},
        {"affine_grad_part", LF_F64, {.rows = 100, .in = 16, .out = 1}, 0x9b6f5256558cf800u},
        {"affine_grad_part", LF_F64, {.rows = 100, .in = 17, .out = 1}, 0xb5090ee58c45bedfu},
        {"affine_grad_part", LF_F64, {.rows = 100, .in = 3, .out = 2}, 0x37d831895cf5f0d4u},
        {"affine_grad_part", LF_F64, {.rows = 100, .in = 4, .out = 4}, 0xccf6ec150ec42460u},
        {"affine_grad_part", LF_F64, {.rows = 100, .in = 8, .out = 5}, 0x16f8abfe63a7cef4u},
        {"affine_grad_part", LF_F64, {.rows = 100, .in = 20, .out = 30}, 0xd4e1470859e9d949u},
        {"affine_mse_part", LF_F32, {.rows = 100, .in = 1, .out = 1}, 0xc5e223207e26221cu},
        {"affine_mse_part", LF_F32, {.rows = 100, .in = 16, .out = 1}, 0xdb314549f2343417u},
        {"affine_mse_part", LF_F32, {.rows = 100, .in = 17, .out = 1}, 0x4b43261acb3b0881u},
        {"affine_mse_part", LF_F32, {.rows = 100, .in = 3, .out = 2}, 0x61f4a68be2da78b4u},
        {"affine_mse_part", LF_F32, {.rows = 100, .in = 4, .out = 4}, 0xcd840d92600e21e2u},
        {"affine_mse_part", LF_F32, {.rows = 100, .in = 8, .out = 5}, 0x2d79cdc50f876ac8u},
        {"affine_mse_part", LF_F32, {.rows = 100, .in = 20, .out = 30}, 0x3ec19c82e241d5e8u},
        {"affine_mse_part", LF_F64, {.rows = 100, .in = 1, .out = 1}, 0xcdd62e85d4380387u},
        {"affine_mse_part", LF_F64, {.rows = 100, .in = 16, .out = 1}, 0xbd0a6a2b979815edu},
        {"affine_mse_part", LF_F64, {.rows = 100, .in = 17, .out = 1}, 0xb941b421ee490749u},
        {"affine_mse_part", LF_F64, {.rows = 100, .in = 3, .out = 2}, 0x47020ec063d4431cu},
        {"affine_mse_part", LF_F64, {.rows = 100, .in = 4, .out = 4}, 0xb48f01a1cf870776u},
        {"affine_mse_part", LF_F64, {.rows = 100, .in = 8, .out = 5}, 0x9d6ac6c68fae2901u},
        {"affine_mse_part", LF_F64, {.rows = 100, .in = 20, .out = 30}, 0xe2217f859df8a4b9u},
        {"mse_part", LF_F32, {.rows = 1000, .in = 1, .out = 1}, 0x7556ad611b9e003cu},
        {"mse_part", LF_F64, {.rows = 1000, .in = 1, .out = 1}, 0xfc582d3e592a6fd2u},
    };
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++)
        for (size_t k = 0; k < lf_case_count; k++) {
            const struct lf_case *c = &lf_cases[k];
            if (strcmp(c->name, golden[i].name) != 0 || c->dtype != golden[i].dtype)
                continue;
            struct test_rng rng = {i}; /* not --seed: the inputs are fixed */
            struct buffers b;
            make_buffers(c, &golden[i].shape, 0, &b);
            fill(c, &b, &rng, 0);
            c->run(tested, &golden[i].shape, b.data);
            uint64_t hash = fnv1a(FNV1A_START, b.data[OUTPUT],
                                  b.operand[OUTPUT].count * element_size(c->dtype));
            ck_assert_msg(hash == golden[i].hash, "%s %s, entry %zu: 0x%016llx", c->name,
                          dtype_name(c->dtype), i, (unsigned long long)hash);
            free_buffers(&b);
        }
}
END_TEST

int main(int argc, char **argv)
{
    Suite *suite = suite_create("kernels");
    TCase *cases = tcase_create("cases");
    tcase_set_timeout(cases, 600);
    tcase_add_loop_test(cases, every_small_size, 0, (int)lf_case_count);
    tcase_add_loop_test(cases, powers_of_two_and_neighbours, 0, (int)lf_case_count);
    tcase_add_loop_test(cases, every_offset, 0, (int)lf_case_count);
    tcase_add_loop_test(cases, between_pages_that_fault, 0, (int)lf_case_count);
    tcase_add_test(cases, contract_does_not_move);
    suite_add_tcase(suite, cases);
    return run_suite(suite, argc, argv);
}
