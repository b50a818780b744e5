using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry freeze SLUG</c></summary>
internal static class FreezeCommand
{
    public static Command Create(CliHost host) =>
        InstanceVerb.Create(host, "freeze", "Keep an instance in memory without CPU.", "is frozen already", (instances, slug) => instances.Freeze(slug));
}
