using System.Net;
using Tenantry.Targets.Docker.Networks;

namespace Tenantry.Targets.Tests.Docker;

public class SubnetAllocatorTests
{
    private static readonly IPNetwork Range = IPNetwork.Parse("10.201.0.0/16");

    [Fact]
    public void AThousandInstancesGetAThousandNetworksOfWhichNoTwoTouch()
    {
        var taken = new List<IPNetwork>();
        for (var number = 0u; number < 1000; number++)
            taken.Add(SubnetAllocator.Free(Range, taken, number * 2654435761).First());

        taken.Distinct().Count().ShouldBe(1000);
        taken.ShouldAllBe(network => network.PrefixLength == SubnetAllocator.PrefixLength && Range.Contains(network.BaseAddress));
    }

    [Fact]
    public void WhatOthersTookIsLeftOutWhateverItsSize()
    {
        IReadOnlyList<IPNetwork> taken = [IPNetwork.Parse("10.201.0.0/17"), IPNetwork.Parse("10.201.128.7/32"), IPNetwork.Parse("172.17.0.0/16"), IPNetwork.Parse("fd00::/64")];

        var free = SubnetAllocator.Free(Range, taken, 0).ToList();

        free.Count.ShouldBe(SubnetAllocator.Capacity(Range) / 2 - 1);
        free.ShouldNotContain(network => taken.Any(other => other.Contains(network.BaseAddress)));
    }

    [Fact]
    public void AFullRangeHasNothingFree() =>
        SubnetAllocator.Free(IPNetwork.Parse("10.0.0.0/24"), [IPNetwork.Parse("10.0.0.0/8")], 7).ShouldBeEmpty();
}
