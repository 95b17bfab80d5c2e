"""`iotctl top`: the fleet, live, on the whole screen.

fleet.py and scope.py are pure: what is shown of the sensors, and of one channel's samples. source.py reads and sends;
app.py puts it on the screen.
"""
