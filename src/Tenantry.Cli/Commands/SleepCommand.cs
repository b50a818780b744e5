using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry sleep SLUG</c></summary>
internal static class SleepCommand
{
    public static Command Create(CliHost host) =>
        InstanceVerb.Create(host, "sleep", "Stop an instance and keep its data.", "is asleep already", (instances, slug) => instances.Sleep(slug));
}
