# A switch in the lab's network, with four sockets:
#
#   br0    the kernel, 10.0.0.1 (02:00:0a:00:00:01)
#   tap0   the lab's part, 10.0.0.4 (02:00:00:00:00:04)
#   tap1   the same program once more, with the address that you give (02:00:00:00:00:05)
#   liar   a card without any address, for whatever you want to put on the cable
#
# In the repository's directory:
#   go run ./shared/lab 1 -- sh docs/switch.sh 10.0.0.5          a shell
#   go run ./shared/lab 1 -- sh docs/switch.sh 10.0.0.5 COMMAND
second=$1
shift

ip link add br0 address 02:00:0a:00:00:01 type bridge mcast_snooping 0
ip addr flush dev tap0
ip link set tap0 master br0
ip link set br0 up
ip addr add 10.0.0.1/24 dev br0

ip link add liar type veth peer name port
ip link set port master br0 up
ip link set liar arp off up

# The lab keeps the part's program in /run/framebyframe. It is ready once its link is up.
/run/framebyframe/part* -q -tap tap1 -host '' -ip "$second/24" -mac 02:00:00:00:00:05 2>/run/second &
until ip link set tap1 up 2>/dev/null; do sleep 0.02; done
until grep -q ready: /run/second; do sleep 0.02; done
sleep 0.1
ip link set tap1 master br0

"${@:-${SHELL:-sh}}"
