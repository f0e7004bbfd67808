// Where the console begins.
import "@fontsource-variable/inter/wght.css";
import "@/app/fonts/fonts.css";
import "@/app/components";
import { createRoot } from "react-dom/client";
import { App } from "@/app/app";

const root = document.getElementById("root");
if (root) createRoot(root).render(<App />);
