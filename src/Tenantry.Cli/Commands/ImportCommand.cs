using System.CommandLine;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry import compose|terraform</c></summary>
internal static class ImportCommand
{
    public static Command Create(CliHost host) => new("import", "Take over tenants that other tools run.")
    {
        ImportCompose.Create(host),
        ImportTerraform.Create(host),
    };
}
