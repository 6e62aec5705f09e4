/* SPDX-License-Identifier: MIT */
/* Checkpoints: the parameters of a model, and where its training stands, in one file.
 *
 * A file is written under a temporary name beside its own, synced to the disk, and renamed: whoever
 * looks, whenever, finds the old file or the new one. It ends in a checksum; one that is damaged,
 * cut short or of another kind is refused with a reason, before anything is changed.
 *
 * The format, version 1. Numbers are little-endian, u is unsigned, f IEEE 754; every part is padded
 * with zeros to a multiple of 8 bytes.
 *
 *   magic           8 bytes: 0x89 "lanefit"
 *   version         u32: 1
 *   dtype           u32: 0 for f32, 1 for f64; `real` is f of that type
 *   bytes           u64: of the whole file
 *   note            u64 n, n bytes: the caller's. `lanefit fit` writes JSON (docs/model-file.md)
 *   parameters      u64 count; of each: u64 rows, u64 cols, u64 n, n bytes of name
 *   values          real[rows cols] of each, one after the other, row-major
 *   run             u64: 1 if the state of a training run follows, 0 if not
 *     optimizer     u64: 0 SGD, 1 Adam, 2 AdamW
 *     vectors       u64: 1 if it has a velocity or mean, 2 if a square, 3 if both
 *     optimizer's   u64 steps; f64 lr, beta1^steps and beta2^steps in two parts each
 *     progress      u64 step, u64 epoch; f64 lr, loss, epoch_loss, validation_loss, gradient_norm
 *     generators    two: u64 next, u64 seeded, u64 has_normal, f64 normal, u32[624] state;
 *                   as it is, and as it was when the order of the epoch was drawn
 *     epoch         u64 rows, u64 row where the next batch begins; f64 sum of losses, of weights
 *     window        f64 sum of losses, of weights, loss of the best window
 *     validation    f64 least loss, u64 its epoch
 *     end           u64 diverged, u64 ended, u64 why
 *     vectors       real[parameters]: the optimizer's, where the window began, where the best
 *                   window began, best by validation
 *   checksum        u32: CRC-32 (IEEE 802.3, as in zlib) of all bytes before it; u32 0
 */
#ifndef LANEFIT_CHECKPOINT_H
#define LANEFIT_CHECKPOINT_H

#include <lanefit/train.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { LF_CHECKPOINT_MESSAGE = 256 };

/* Writes the parameters of the model, the state of the run unless the trainer is NULL (which must
 * be the model's), and note_bytes bytes of a note. A symbolic link is followed. LF_INVALID,
 * LF_NO_MEMORY, or LF_IO where the file can't be written: what was there before is untouched.
 * message says what was wrong in a line, "" if nothing was; NULL is fine. */
LF_API lf_status lf_checkpoint_write(const char *path, const struct lf_model *model,
                                     const struct lf_trainer *trainer, const void *note,
                                     size_t note_bytes, char message[LF_CHECKPOINT_MESSAGE]);

struct lf_checkpoint;

/* Reads a file whole and checks it. LF_IO where it can't be read, LF_FORMAT where it is no sound
 * checkpoint of this version, LF_INVALID, LF_NO_MEMORY: *checkpoint is then NULL. */
LF_API lf_status lf_checkpoint_read(struct lf_checkpoint **checkpoint, const char *path,
                                    char message[LF_CHECKPOINT_MESSAGE]);
LF_API void lf_checkpoint_free(struct lf_checkpoint *checkpoint);

/* The note, which ends in a zero that does not count; good until the checkpoint is freed. */
LF_API const void *lf_checkpoint_note(const struct lf_checkpoint *checkpoint, size_t *note_bytes);

/* How many elements the parameters have in all. */
LF_API size_t lf_checkpoint_elements(const struct lf_checkpoint *checkpoint);

/* Whether there is the state of a run. */
LF_API int lf_checkpoint_has_run(const struct lf_checkpoint *checkpoint);

/* Gives the model the parameters, which must be the model's by type, names and shapes in order; and
 * the trainer, unless it is NULL, the state of the run: it was created for this model with the
 * options of the run, or others where the run is to go on otherwise, but the same optimizer.
 * LF_SHAPE where the parameters are others, LF_INVALID where there is no run or that of another
 * optimizer: nothing is changed. */
LF_API lf_status lf_checkpoint_load(const struct lf_checkpoint *checkpoint, struct lf_model *model,
                                    struct lf_trainer *trainer,
                                    char message[LF_CHECKPOINT_MESSAGE]);

#ifdef __cplusplus
}
#endif

#endif
