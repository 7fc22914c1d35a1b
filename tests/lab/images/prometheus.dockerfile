# Prometheus 2.53 of Debian 13, with the contract of its official image.
# name: prom/prometheus:v3.14.0
# name: quay.io/prometheus/prometheus:v3.14.0
FROM tools
RUN cd /tmp
RUN apt-get download prometheus promtool
RUN for package in *.deb; do dpkg-deb -x "$package" /; done
RUN install -d -o 65534 -g 65534 /prometheus /etc/prometheus
USER nobody
WORKDIR /prometheus
VOLUME /prometheus
EXPOSE 9090/tcp
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml","--storage.tsdb.path=/prometheus"]
