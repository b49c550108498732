/* SPDX-License-Identifier: MIT
 *
 * What the others are measured against: libpcap reads every packet of a file, and nothing is done with it.
 */
#include <stdio.h>

#include <pcap/pcap.h>

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
    struct pcap_pkthdr *header;
    const u_char *bytes;
    unsigned long long packets = 0, sum = 0;

    if (pcap == NULL)
        return 1;
    while (pcap_next_ex(pcap, &header, &bytes) == 1) {
        packets++;
        sum += header->caplen;
    }
    pcap_close(pcap);
    return printf("%llu packets, %llu bytes\n", packets, sum) < 0;
}
