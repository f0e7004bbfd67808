{{/* The release's name, once. */}}
{{- define "tessera.name" -}}
{{- if contains "tessera" .Release.Name }}{{ .Release.Name }}{{ else }}{{ printf "%s-tessera" .Release.Name }}{{ end -}}
{{- end }}

{{- define "tessera.labels" -}}
app.kubernetes.io/name: tessera
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Values.image.tag | default .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* What tells one target's pods from another's; takes a list of the root and the target. */}}
{{- define "tessera.selector" -}}
app.kubernetes.io/name: tessera
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ (index . 1).name }}
{{- end }}

{{/* The addresses of the other targets' pods: headless, so that a client sees each and balances among them. */}}
{{- define "tessera.peers" -}}
{{- $root := index . 0 }}{{ $target := index . 1 }}{{ $peers := list }}
{{- range $root.Values.targets }}
{{- if ne .name $target.name }}
{{- $peers = append $peers (printf "%s-%s-peers.%s.svc:%v" (include "tessera.name" $root) .name $root.Release.Namespace $root.Values.ports.grpc) }}
{{- end }}
{{- end }}
{{- join "," $peers }}
{{- end }}
