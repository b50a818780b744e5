using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry release SLUG</c></summary>
internal static class ReleaseCommand
{
    public static Command Create(CliHost host) =>
        InstanceVerb.Create(host, "release", "End a hold: sleep policy and requests count again.", "is not held", (instances, slug) => instances.Release(slug));
}
