# node_exporter 1.9 of Debian 13, with the contract of its official image.
# name: prom/node-exporter:v1.12.1
# name: quay.io/prometheus/node-exporter:v1.12.1
FROM tools
RUN cd /tmp
RUN apt-get download prometheus-node-exporter
RUN dpkg-deb -x *.deb /
RUN ln -s prometheus-node-exporter /usr/bin/node_exporter
USER nobody
EXPOSE 9100/tcp
ENTRYPOINT ["/bin/node_exporter"]
