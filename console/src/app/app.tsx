// The whole of it: theme, queries, session, router, toasts.
import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { lazy, Suspense, useEffect } from "react";
import { ApiError } from "@/api/errors";
import { useSignedIn } from "@/api/hooks";
import { isSignedIn, onSession } from "@/api/session";
import { watchConnection } from "./connection";
import { router } from "./router";
import { colorSchemes, resolver, theme } from "./theme";
import { Toasts } from "./toasts";

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      refetchOnWindowFocus: true,
      retry: (count, cause) => count < 2 && cause instanceof ApiError && cause.passing,
      retryDelay: (count) => Math.min(500 * 2 ** count, 8_000),
    },
  },
});

// What one person saw is not for the next one in the same browser.
onSession(() => {
  if (!isSignedIn()) queries.clear();
});

const SignIn = lazy(() => import("./sign-in"));

function Signed() {
  return useSignedIn() ? (
    <RouterProvider router={router} />
  ) : (
    <Suspense fallback={null}>
      <SignIn />
    </Suspense>
  );
}

export function App() {
  useEffect(() => watchConnection(queries), []);
  return (
    <MantineProvider
      theme={theme}
      colorSchemeManager={colorSchemes}
      defaultColorScheme="auto"
      cssVariablesResolver={resolver}
    >
      <QueryClientProvider client={queries}>
        <Signed />
        <Toasts />
      </QueryClientProvider>
    </MantineProvider>
  );
}
