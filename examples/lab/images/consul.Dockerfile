FROM scratch
COPY consul /
USER 65534:65534
ENTRYPOINT ["/bin/consul"]
CMD ["agent", "-dev", "-client", "0.0.0.0"]
