# One image, two commands: the server (default), and an agent with `node dist/agent.js`. See docs/operate.md.
# What an agent's jobs need beyond a shell and util-linux (compilers, interpreters) goes into an image FROM this one.
FROM node:20-bookworm-slim AS build
WORKDIR /app
# For the native launcher, which is compiled when the packages are installed.
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json ./
COPY native ./native
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json .swcrc ./
COPY src ./src
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:20-bookworm-slim
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/native/build ./native/build
COPY --from=build /app/dist ./dist
COPY console ./console
# A new volume takes over the owner of the directory that it covers.
RUN install -d -o node -g node -m 700 /data
USER node
VOLUME /data
EXPOSE 3000
# No init in here: run it with one (`docker run --init`, `init: true`), since Node reaps no orphans of jobs.
CMD ["node", "dist/main.js"]
