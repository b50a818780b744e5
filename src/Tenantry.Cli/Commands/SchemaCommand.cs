using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Model.Manifests;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry schema</c></summary>
internal static class SchemaCommand
{
    public static Command Create(CliHost host) =>
        new Command("schema", "Print the JSON Schema of tenantry.yaml, for editors.").Does(host, async call =>
            await host.Out.WriteAsync(ManifestSchema.ToJson().AsMemory(), call.CancellationToken));
}
