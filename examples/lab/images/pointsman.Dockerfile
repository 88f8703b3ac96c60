FROM scratch
COPY pointsman /
USER 65534:65534
ENTRYPOINT ["/bin/pointsman"]
CMD ["help"]
