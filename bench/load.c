/* SPDX-License-Identifier: MIT */
/* lanefit-load LIBLANEFIT: how long a fresh process takes to load the library with all it needs,
 * and to make a first model. One line of JSON: nanoseconds by name. The libraries that it needs are
 * loaded first and timed by themselves, so the times add up. */
#include <lanefit/lanefit.h>

#include <dlfcn.h>
#include <stdio.h>
#include <time.h>

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return 1e9 * (double)time.tv_sec + (double)time.tv_nsec;
}

/* Loads a library; how long it took, or a negative number where it is not there. */
static double load(const char *name, void **library)
{
    const double start = now();
    *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    return *library ? now() - start : -1;
}

/* The functions of the library that was loaded, not of one that this program is linked with. */
static double first_model(void *library)
{
    struct lf_model *model = NULL;
    struct lf_layer layer;
    const double start = now();
    __typeof__(&lf_model_create) create;
    __typeof__(&lf_model_add_linear) add;
    *(void **)&create = dlsym(library, "lf_model_create");
    *(void **)&add = dlsym(library, "lf_model_add_linear");
    if (!create || !add || create(&model, NULL, LF_F32) || add(model, "linear", 1, 1, &layer))
        return -1;
    return now() - start;
}

int main(int argc, char **argv)
{
    void *library = NULL;
    if (argc != 2) {
        fputs("Usage: lanefit-load LIBLANEFIT\n", stderr);
        return 2;
    }
    const double libm = load("libm.so.6", &library), sleef = load("libsleef.so.3", &library);
    const double own = load(argv[1], &library);
    if (libm < 0 || sleef < 0 || own < 0) {
        fprintf(stderr, "lanefit-load: %s\n", dlerror());
        return 1;
    }
    const double model = first_model(library);
    const double openblas = load("libopenblas.so.0", &library);
    const double torch = load("libtorch_cpu.so.1.13", &library);
    printf("{\"libm\": %.0f, \"sleef\": %.0f, \"library\": %.0f, \"first_model\": %.0f, "
           "\"OpenBLAS\": %.0f, \"libtorch\": %.0f}\n",
           libm, sleef, own, model, openblas, torch);
    return model < 0;
}
