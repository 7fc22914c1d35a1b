# What the images on Debian 13 share: the two HTTP clients that health commands use.
# name: lab/tools:1
FROM trixie
RUN apt-get install curl wget busybox
