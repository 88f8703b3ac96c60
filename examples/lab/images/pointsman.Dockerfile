FROM scratch
COPY pointsman /
ENTRYPOINT ["/bin/pointsman"]
CMD ["help"]
