# Alertmanager 0.28 of Debian 13, with the contract of its official image.
# name: prom/alertmanager:v0.34.0
# name: quay.io/prometheus/alertmanager:v0.34.0
FROM tools
RUN cd /tmp
RUN apt-get download prometheus-alertmanager
RUN dpkg-deb -x *.deb /
RUN ln -s prometheus-alertmanager /usr/bin/alertmanager
RUN install -d -o 65534 -g 65534 /alertmanager /etc/alertmanager
USER nobody
WORKDIR /alertmanager
VOLUME /alertmanager
EXPOSE 9093/tcp
ENTRYPOINT ["/bin/alertmanager"]
CMD ["--config.file=/etc/alertmanager/alertmanager.yml","--storage.path=/alertmanager"]
