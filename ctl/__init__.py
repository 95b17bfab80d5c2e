"""`iotctl`: what an operator has in the hand. Commands to sensors, and everything known about them."""
