using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry wake SLUG</c></summary>
internal static class WakeCommand
{
    public static Command Create(CliHost host) =>
        InstanceVerb.Create(host, "wake", "Bring a frozen or sleeping instance back.", "is awake already", (instances, slug) => instances.Wake(slug));
}
