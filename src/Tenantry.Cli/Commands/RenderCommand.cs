using System.CommandLine;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry render compose</c></summary>
internal static class RenderCommand
{
    public static Command Create(CliHost host) => new("render", "Write instances in the words of other tools.")
    {
        RenderCompose.Create(host),
    };
}
