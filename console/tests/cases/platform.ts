// Pages of people and of the platform: home, users, groups, row filters, tokens, the calls there are.
import { type Case, first, fixed, TOTAL, time, uuid } from "./case";

export const platform: Case[] = [
  { name: "home", path: fixed("/"), title: /Home/, open: true },
  {
    name: "users",
    path: fixed("/platform/users"),
    title: /Users/,
    asks: "**/api/v1/identity/users?**",
    empty: { says: /No users yet/, answer: {} },
    many: {
      field: "users",
      row: (number) => ({
        id: uuid(number),
        email: `user${number}@example.com`,
        displayName: `User ${number}`,
        state: "USER_STATE_ACTIVE",
      }),
      says: "10,000 users",
    },
  },
  {
    name: "user",
    path: first("/api/v1/identity/users", "users", "/platform/users"),
    title: /Ada|Admin|Vera/,
    asks: "**/api/v1/identity/users/*",
  },
  {
    name: "user-edit",
    path: first("/api/v1/identity/users", "users", "/platform/users", "?edit=1"),
    title: /Edit (Ada|Admin|Vera)/,
  },
  { name: "user-new", path: fixed("/platform/users/new"), title: /New user/ },
  {
    name: "groups",
    path: fixed("/platform/groups"),
    title: /Groups/,
    asks: "**/api/v1/identity/groups?**",
    empty: { says: /No groups yet/, answer: {} },
    many: {
      field: "groups",
      row: (number) => ({ id: uuid(number), name: `Group ${number}`, description: "One of many", updateTime: time }),
      says: "10,000 groups",
    },
  },
  {
    name: "group",
    path: first("/api/v1/identity/groups", "groups", "/platform/groups"),
    title: /Analysts/,
    asks: "**/api/v1/identity/groups/*",
  },
  {
    name: "group-members",
    path: first("/api/v1/identity/groups", "groups", "/platform/groups"),
    title: /Analysts/,
    asks: "**/api/v1/identity/groups/*/members**",
    empty: { says: /Nobody is in this group yet/, answer: {} },
    many: {
      field: "members",
      row: (number) => ({
        userId: uuid(number),
        email: `user${number}@example.com`,
        displayName: `User ${number}`,
        joinTime: time,
      }),
      says: "10,000 members",
    },
  },
  {
    name: "group-edit",
    path: first("/api/v1/identity/groups", "groups", "/platform/groups", "?edit=1"),
    title: /Edit Analysts/,
  },
  { name: "group-new", path: fixed("/platform/groups/new"), title: /New group/ },
  {
    name: "row-filters",
    path: fixed("/platform/row-filters"),
    title: /Row filters/,
    asks: "**/api/v1/identity/row-filters?**",
    empty: { says: /No row filters yet/, answer: {} },
    many: {
      field: "rowFilters",
      row: (number) => ({
        id: uuid(number),
        name: `Filter ${number}`,
        role: "viewer",
        entity: "policy",
        condition: `region_code = '${number}'`,
        updateTime: time,
      }),
      says: "10,000 row filters",
    },
  },
  {
    name: "row-filter",
    path: first("/api/v1/identity/row-filters", "rowFilters", "/platform/row-filters"),
    title: /Analysts of the north/,
    asks: "**/api/v1/identity/row-filters/*",
  },
  {
    name: "row-filter-edit",
    path: first("/api/v1/identity/row-filters", "rowFilters", "/platform/row-filters", "?edit=1"),
    title: /Edit Analysts of the north/,
  },
  { name: "row-filter-new", path: fixed("/platform/row-filters/new"), title: /New row filter/ },
  {
    name: "tokens",
    path: fixed("/platform/tokens"),
    title: /API tokens/,
    asks: "**/api/v1/identity/tokens**",
    open: true,
    empty: { says: /No tokens yet/, answer: {} },
    many: {
      field: "tokens",
      row: (number) => ({ id: uuid(number), name: `Token ${number}`, createTime: time }),
      says: "10,000 tokens",
    },
  },
  { name: "token-new", path: fixed("/platform/tokens/new"), title: /New API token/, open: true },
  {
    name: "api",
    path: fixed("/platform/api"),
    title: /API reference/,
    asks: "**/openapi.json",
    open: true,
    empty: { says: /No call fits/, answer: { paths: {} } },
    many: {
      row: () => ({
        paths: Object.fromEntries(
          Array.from({ length: TOTAL }, (_, number) => [
            `/api/v1/many/${number}`,
            { get: { operationId: `Many_${number}`, tags: ["many"], summary: `Call ${number}` } },
          ]),
        ),
      }),
      says: "10,000 calls",
      atOnce: true,
    },
  },
];
