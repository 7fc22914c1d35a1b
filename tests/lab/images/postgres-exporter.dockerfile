# postgres_exporter 0.17 of Debian 13, with the contract of its official image.
# name: quay.io/prometheuscommunity/postgres-exporter:v0.20.1
# name: prometheuscommunity/postgres-exporter:v0.20.1
FROM tools
RUN cd /tmp
RUN apt-get download prometheus-postgres-exporter
RUN dpkg-deb -x *.deb /
RUN ln -s prometheus-postgres-exporter /usr/bin/postgres_exporter
USER nobody
EXPOSE 9187/tcp
ENTRYPOINT ["/bin/postgres_exporter"]
