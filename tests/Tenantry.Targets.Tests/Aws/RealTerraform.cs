using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Tests.Aws;

/// <summary>Terraform of this machine, and a mirror of its provider: the tests reach no registry.</summary>
internal static class RealTerraform
{
    private const string Provider = "registry.terraform.io/hashicorp/aws";

    internal static string? WhyNot { get; } = Programs.Find("terraform") is null ? "skipped: needs terraform 1.10 or newer"
        : Mirror is null ? "skipped: needs the provider hashicorp/aws 5 in a mirror (TENANTRY_TERRAFORM_MIRROR=FOLDER)"
        : null;

    private static string? Mirror => new[] { Environment.GetEnvironmentVariable("TENANTRY_TERRAFORM_MIRROR"), "/opt/tf-plugins", "/usr/share/terraform/plugins", "/usr/local/share/terraform/plugins" }
        .FirstOrDefault(folder => folder is not null && Directory.Exists(Path.Combine(folder, Provider)));

    /// <summary>Writes the configuration that leads to the mirror, and has every Terraform of this process read it.</summary>
    internal static void Use(string folder)
    {
        var file = Path.Combine(folder, "terraform.rc");
        File.WriteAllText(file, $$"""
            disable_checkpoint = true
            provider_installation {
              filesystem_mirror {
                path    = "{{Mirror}}"
                include = ["{{Provider}}"]
              }
              direct {
                exclude = ["registry.terraform.io/*/*"]
              }
            }
            """);
        Environment.SetEnvironmentVariable("TF_CLI_CONFIG_FILE", file);
        // A run of Terraform lives for seconds and spends a quarter of its processor time on tidying its memory.
        Environment.SetEnvironmentVariable("GOGC", "400");
    }
}
