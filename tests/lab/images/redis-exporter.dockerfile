# redis_exporter 1.69 of Debian 13, with the contract of its official image.
# name: oliver006/redis_exporter:v1.88.0-alpine
# name: quay.io/oliver006/redis_exporter:v1.88.0-alpine
FROM tools
RUN cd /tmp
RUN apt-get download prometheus-redis-exporter
RUN dpkg-deb -x *.deb /
RUN ln -s /usr/bin/prometheus-redis-exporter /redis_exporter
USER 59000:59000
EXPOSE 9121/tcp
ENTRYPOINT ["/redis_exporter"]
