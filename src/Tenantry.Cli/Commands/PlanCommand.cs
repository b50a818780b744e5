using System.CommandLine;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry plan SLUG</c></summary>
internal static class PlanCommand
{
    public static Command Create(CliHost host)
    {
        var slug = CommandOptions.Slug();
        return new Command("plan", "Show what would be done to bring an instance to what is wanted of it.") { slug }.Does(host, async call =>
            PlanText.Write(call.Output, await call.Client.Instances.PlanAsync(call.Required(slug), call.CancellationToken)));
    }
}
