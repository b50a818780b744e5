using System.CommandLine;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry render compose|tfvars|github-workflow</c></summary>
internal static class RenderCommand
{
    public static Command Create(CliHost host) => new("render", "Write instances in the words of other tools.")
    {
        RenderCompose.Create(host),
        RenderTerraform.CreateVariables(host),
        RenderTerraform.CreateWorkflow(host),
    };
}
