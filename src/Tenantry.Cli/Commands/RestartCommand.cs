using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry restart SLUG</c></summary>
internal static class RestartCommand
{
    public static Command Create(CliHost host) =>
        InstanceVerb.Create(host, "restart", "Stop and start an instance's services.", "was just restarted", (instances, slug) => instances.Restart(slug));
}
