using System.CommandLine;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Commands.Secrets;

/// <summary><c>tenantry secret …</c>. A value is never an argument: other users of the machine can read those.</summary>
internal static class SecretCommand
{
    public static Command Create(CliHost host) => new("secret", "Secrets of instances: they can be written and never read.")
    {
        SecretSet.Create(host),
        SecretList.Create(host),
        SecretShow.Create(host),
        SecretUnset.Create(host),
        SecretRotate.Create(host),
        SecretRollback.Create(host),
        SecretImport.Create(host),
        SecretExport.Create(host),
        SecretRekey.Create(host),
    };
}
