#!/bin/sh
# For the images of Jitsi: asks the address that the image names.
set -eu
exec curl -sf "$HEALTH_URL"
