#pragma once

#include <cstdint>

/// Decimal numbers as text, in whole units: nothing is rounded on the way but what does not fit into a unit.
namespace sensor::digits {

bool is_digit(char one);

/// The digits in front, at most nine, as a number; `text` then points behind them. How many there were.
unsigned whole(const char** text, int64_t* value);

/// The end of the text, or a point and digits up to it: those in units of 10⁻ᵈᵉᶜⁱᵐᵃˡˢ, and the first that is
/// too much.
bool fraction(const char* text, unsigned decimals, int64_t* value, int* next_digit);

/// [-]digits[.digits] in units of 10⁻ᵈᵉᶜⁱᵐᵃˡˢ, rounded half away from zero; at most nine digits before the
/// point, at most nine `decimals`. False where the text is anything else.
bool decimal(const char* text, unsigned decimals, int64_t* value);

}  // namespace sensor::digits
