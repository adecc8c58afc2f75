// What Swift cannot import by itself: a cast between classes of GObject. Nothing here decides anything.
#ifndef LT_CPANGO_SHIM_H
#define LT_CPANGO_SHIM_H

#include <cairo-pdf.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <pango/pangofc-fontmap.h>

static inline void lt_pango_use(PangoFontMap *map, FcConfig *fonts) {
    pango_fc_font_map_set_config((PangoFcFontMap *)map, fonts);
}

#endif
