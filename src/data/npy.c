/* SPDX-License-Identifier: MIT */
#include "npy.h"

#include "npy_convert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

int npy_is_it(const char *bytes, size_t size)
{
    return size >= NPY_MAGIC_BYTES && memcmp(bytes, NPY_MAGIC, NPY_MAGIC_BYTES) == 0;
}

int npy_open(struct npy *npy, struct input *input, struct table_error *error)
{
    int fd;
    off_t offset;
    struct stat status;
    *npy = (struct npy){.name = input->name, .dtype = LF_F64};
    if (!input_whole(input, &fd, &offset, error))
        return 0;
    if (fstat(fd, &status) != 0)
        return table_fail(error, "%s: can't read: %s", npy->name, strerror(errno));
    /* A map starts at a page; the offset is that of a standard input that was read before. */
    npy->map_size = (size_t)status.st_size;
    npy->map = mmap(NULL, npy->map_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (npy->map == MAP_FAILED) {
        npy->map = NULL;
        return table_fail(error, "%s: can't map: %s", npy->name, strerror(errno));
    }
    const char *file = (const char *)npy->map + offset;
    if (!npy_header_read(&npy->header, file, npy->map_size - (size_t)offset, npy->name, error))
        return 0;
    npy->data = file + npy->header.start;
    return 1;
}

void npy_close(struct npy *npy)
{
    if (npy->map)
        munmap(npy->map, npy->map_size);
    free(npy->wanted);
    free(npy->named);
    texts_free(&npy->texts);
}

int npy_choose(struct npy *npy, size_t count, const size_t *columns, enum lf_dtype dtype,
               struct table_error *error)
{
    size_t *wanted = NULL;
    if (count > 0 && !(wanted = calloc(count, sizeof *wanted)))
        return table_fail_memory(error, npy->name);
    if (count > 0)
        memcpy(wanted, columns, count * sizeof *wanted);
    free(npy->wanted);
    npy->wanted = wanted;
    npy->wanted_count = count;
    npy->dtype = dtype;
    return 1;
}

int npy_keep_texts(struct npy *npy, size_t count, const size_t *columns, struct table_error *error)
{
    size_t *named = calloc(count + 1, sizeof *named);
    if (!named)
        return table_fail_memory(error, npy->name);
    if (count > 0)
        memcpy(named, columns, count * sizeof *named);
    free(npy->named);
    npy->named = named;
    npy->named_count = count;
    return 1;
}

/* The elements of a column from a row on. */
static struct npy_column column_at(const struct npy *npy, size_t row, size_t column)
{
    const struct npy_header *header = &npy->header;
    const size_t element =
        header->by_columns ? column * header->rows + row : row * header->columns + column;
    return (struct npy_column){
        .data = npy->data + element * header->size,
        .step = (header->by_columns ? 1 : header->columns) * header->size,
        .is_swapped = header->is_swapped,
    };
}

static int keep_texts(struct npy *npy, size_t row, size_t rows)
{
    texts_clear(&npy->texts);
    for (size_t r = 0; r < rows && npy->named_count > 0; r++) {
        for (size_t i = 0; i < npy->named_count; i++) {
            const struct npy_column from = column_at(npy, row + r, npy->named[i]);
            char *text = texts_room(&npy->texts, NUMBER_CHARS);
            if (!text)
                return 0;
            texts_end(&npy->texts, npy_text(&npy->header, &from, text));
        }
        if (!texts_end_row(&npy->texts))
            return 0;
    }
    return 1;
}

int npy_read(struct npy *npy, size_t rows, void *out, size_t *got, struct table_error *error)
{
    size_t size = npy->dtype == LF_F32 ? sizeof(float) : sizeof(double);
    size_t left = npy->header.rows - npy->row, row = npy->row;
    *got = rows < left ? rows : left;
    for (size_t i = 0; i < npy->wanted_count; i++) {
        const struct npy_column from = column_at(npy, row, npy->wanted[i]);
        npy_convert(&npy->header, &from, *got, npy->dtype, (char *)out + i * size,
                    npy->wanted_count);
    }
    npy->read_at = row;
    npy->row += *got;
    if (keep_texts(npy, row, *got))
        return 1;
    *got = 0;
    npy->row = row;
    return table_fail_memory(error, npy->name);
}

int npy_array(const struct npy *npy, struct table_array *array)
{
    const struct npy_header *header = &npy->header;
    if (header->kind != 'f' || header->is_swapped || (uintptr_t)npy->data % header->size != 0)
        return 0;
    *array = (struct table_array){
        .dtype = header->size == sizeof(float) ? LF_F32 : LF_F64,
        .data = npy->data,
        .rows = header->rows,
        .columns = header->columns,
        .row_step = header->by_columns ? 1 : (ptrdiff_t)header->columns,
        .column_step = header->by_columns ? (ptrdiff_t)header->rows : 1,
    };
    return 1;
}
