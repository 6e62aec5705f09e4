/* SPDX-License-Identifier: MIT */
#ifndef LANEFIT_SRC_CLI_LOSS_PLOT_H
#define LANEFIT_SRC_CLI_LOSS_PLOT_H

#include "history.h"

/* Draws the losses of a run by epoch as SVG, and the learning rate below them where it changes. A
 * curve of more than 1000 points shows the least and the greatest of every stretch, so that no
 * spike is lost. Losses that are not finite are left out. Title and loss_name ("MSE") may be any
 * bytes. What gets lost shows in the file's error flag. */
void loss_plot(FILE *file, const struct history *history, const char *title, const char *loss_name);

#endif
